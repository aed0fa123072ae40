from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0006_capacity_by_hand'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='change',
            index=models.Index(condition=models.Q(('state', 'applied')), fields=['-settled_at', '-id'], name='changes_as_they_came_true'),
        ),
    ]
