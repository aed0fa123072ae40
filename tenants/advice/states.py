"""How far a team is on its way from a retiring offer."""

from django.db.models import TextChoices


class Progress(TextChoices):
    """Judged from use, grants and words; never stored."""

    MOVED = "moved", "Moved"
    PLANNED = "planned", "Planned"
    LATE = "late", "Behind its plan"
    SILENT = "silent", "Silent"
    UNAWARE = "unaware", "Unaware"


TONES = {
    Progress.MOVED: "good",
    Progress.PLANNED: "info",
    Progress.LATE: "bad",
    Progress.SILENT: "warn",
    Progress.UNAWARE: "bad",
}
