"""People, what they may do on the whole site, and the tokens that act for them."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.crypto import salted_hmac


class Role(models.TextChoices):
    """What a person may do beyond their own teams."""

    ADMIN = "admin", "Admin and approver"
    OPS = "ops", "Ops"
    AUDITOR = "auditor", "Auditor"
    SECURITY = "security", "Security approver"
    FINANCE = "finance", "Finance approver"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, name: str, password: str | None = None, **fields: Any) -> "User":
        """A person who signs in with `email`; without a password only a one-time link lets them in."""
        user = self.model(email=email.strip().lower(), name=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Addresses are kept in lower case and typed in any."""
        return super().get_by_natural_key((username or "").strip().lower())


class User(AbstractBaseUser):
    """A person. Site roles are rows, so that who gave which role and when is in the audit.

    :ivar session_epoch: goes up to end every session at once.
    """

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(db_default=Now())
    session_epoch = models.PositiveIntegerField(default=0, db_default=0)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_is_lower_case")
        ]

    def __str__(self) -> str:
        return self.name

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session was begun with: it ends when the password or the epoch changes."""
        salt = "foundry.people.User.session"
        seen = f"{self.session_epoch}:{self.password}"
        return salted_hmac(salt, seen, secret=secret, algorithm="sha256").hexdigest()

    @property
    def roles(self) -> frozenset[str]:
        """Site roles, read once per loaded person."""
        if "_roles" not in self.__dict__:
            self.__dict__["_roles"] = frozenset(self.site_roles.values_list("role", flat=True))
        roles: frozenset[str] = self.__dict__["_roles"]
        return roles

    def is_any(self, *roles: str) -> bool:
        return bool(self.roles & set(roles))

    @property
    def sees_everything(self) -> bool:
        """Admins, ops, auditors, security and finance read across teams; writing is another matter."""
        return bool(self.roles)


class SiteRole(models.Model):
    """One person has one role on the whole site."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="site_roles")
    role = models.CharField(max_length=16, choices=Role)
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="site_role_once_per_person"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="site_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"


class Scope(models.TextChoices):
    """What a token may do for its person; none decides a request without `decide`."""

    READ = "read", "Read"
    WRITE = "write", "Write"
    DECIDE = "decide", "Decide requests"
    ADMIN = "admin", "Administer"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def live(self, at: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)


class ApiToken(models.Model):
    """A secret that acts for one person with some of their rights. Only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=8, choices=Scope))
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values), name="token_scopes_are_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class SignInLink(models.Model):
    """A one-time link that signs a person in, for the first admin."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    digest = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"link for {self.user}"
