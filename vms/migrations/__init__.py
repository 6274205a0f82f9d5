"""The schema's history: one chain of revisions, one head. `head` is cheap; `upgrade` imports Alembic."""
