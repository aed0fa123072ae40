from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0007_changes_as_they_came_true'),
    ]

    operations = [
        migrations.RemoveIndex(model_name='change', name='changes_by_state'),
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('state', 'applied'), _negated=True), fields=['state', '-id'], name='changes_that_did_not_apply'),
        ),
    ]
