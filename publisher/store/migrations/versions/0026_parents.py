"""Readers and lists of subscriptions, in PostgreSQL, looked up once for each statement and not for each row: triggers instead of two foreign keys.

Rows that are there were looked up when they came, and stay as they are.
"""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

PARENTS = (
    """
CREATE OR REPLACE FUNCTION subscription_parents() RETURNS trigger LANGUAGE plpgsql
-- a plan is kept for as long as a connection, whatever was added first, and tables grow
SET enable_nestloop = off SET enable_seqscan = off AS $$
DECLARE
  first bigint;
  last bigint;
  added_rows bigint;
  ours bigint := 0;
  named bigint;
BEGIN
  SELECT min(subscriber_id), max(subscriber_id), count(*) INTO first, last, added_rows FROM added;
  IF last - first < 4 * added_rows THEN
    SELECT count(*) INTO ours FROM added JOIN subscriber ON subscriber.id = added.subscriber_id
    WHERE subscriber.id BETWEEN first AND last AND subscriber.xmin = pg_current_xact_id()::xid;
  END IF;
  IF ours < added_rows THEN
    FOR named IN SELECT DISTINCT subscriber_id FROM added ORDER BY subscriber_id LOOP
      PERFORM FROM subscriber WHERE id = named FOR KEY SHARE;
      IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fk_subscription_subscriber_id',
          MESSAGE = 'insert on table "subscription" violates foreign key "fk_subscription_subscriber_id"';
      END IF;
    END LOOP;
  END IF;
  FOR named IN SELECT DISTINCT batch_id FROM added WHERE batch_id IS NOT NULL ORDER BY batch_id LOOP
    PERFORM FROM batch WHERE id = named FOR KEY SHARE;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fk_subscription_batch_id',
        MESSAGE = 'insert on table "subscription" violates foreign key "fk_subscription_batch_id"';
    END IF;
  END LOOP;
  RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION subscription_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM subscriber WHERE id = NEW.subscriber_id FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fk_subscription_subscriber_id',
      MESSAGE = 'update on table "subscription" violates foreign key "fk_subscription_subscriber_id"';
  END IF;
  PERFORM FROM batch WHERE id = NEW.batch_id FOR KEY SHARE;
  IF NEW.batch_id IS NOT NULL AND NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'fk_subscription_batch_id',
      MESSAGE = 'update on table "subscription" violates foreign key "fk_subscription_batch_id"';
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION subscription_children() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  has boolean;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    has := EXISTS (SELECT FROM subscription WHERE TG_TABLE_NAME = 'subscriber' OR batch_id IS NOT NULL);
  ELSIF TG_TABLE_NAME = 'subscriber' THEN
    has := EXISTS (SELECT FROM subscription WHERE subscriber_id = OLD.id);
  ELSE
    has := EXISTS (SELECT FROM subscription WHERE batch_id = OLD.id);
  END IF;
  IF has THEN
    RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
      CONSTRAINT = 'fk_subscription_' || TG_TABLE_NAME || '_id',
      MESSAGE = 'change of table "' || TG_TABLE_NAME || '" violates foreign key "fk_subscription_' || TG_TABLE_NAME || '_id"';
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE TRIGGER parents AFTER INSERT ON subscription REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION subscription_parents()
""",
    """
CREATE TRIGGER parent AFTER UPDATE OF subscriber_id, batch_id ON subscription FOR EACH ROW
WHEN (OLD.subscriber_id <> NEW.subscriber_id OR OLD.batch_id IS DISTINCT FROM NEW.batch_id)
EXECUTE FUNCTION subscription_parent()
""",
    *(
        f"CREATE TRIGGER {name} AFTER {change} EXECUTE FUNCTION subscription_children()"
        for parent in ("subscriber", "batch")
        for name, change in (
            ("children", f"DELETE ON {parent} FOR EACH ROW"),
            ("children_of_another", f"UPDATE OF id ON {parent} FOR EACH ROW WHEN (OLD.id <> NEW.id)"),
            ("children_of_all", f"TRUNCATE ON {parent} FOR EACH STATEMENT"),
        )
    ),
)


def upgrade() -> None:
    """The same promise in another form; SQLite keeps its foreign keys."""
    if op.get_context().dialect.name != "postgresql":
        return
    for statement in PARENTS:
        op.execute(statement)
    for column in ("subscriber_id", "batch_id"):
        op.drop_constraint(f"fk_subscription_{column}", "subscription", type_="foreignkey")
