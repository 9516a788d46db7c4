//! [`Witness`]: what the database itself saw of who held which task, and who wrote for it. Triggers write it down in the
//! transactions that they watch, so that nothing escapes them.

use std::collections::BTreeMap;
use std::time::Duration;

use mailflow_core::lease::Task;
use mailflow_core::server::Server;
use mailflow_core::time::Timestamp;
use mailflow_test::postgres::Database;

use super::{Absence, NAMES};

/// What the database saw.
#[derive(Debug, Default)]
pub struct Witness {
    /// How often a task changed hands.
    pub taken: u64,
    /// How often it was taken from a server that was alive, or its epoch did not rise.
    pub stolen: u64,
    /// How often something was written for a task by a server that did not hold it.
    pub unfenced: u64,
    /// How long it took until another server, or another run, had the tasks of one that was gone: the longest.
    pub longest: Duration,
    /// How many tasks were taken over.
    pub followed: u64,
    /// How many tasks of a run that was killed nobody has taken since.
    pub left_undone: u64,
}

/// A task changes hands.
struct Step {
    at: Timestamp,
    task: String,
    /// Server and run.
    holder: String,
}

/// Begins to watch a database that has its tables.
pub fn watch(database: &Database) {
    let servers: Vec<String> =
        NAMES.iter().map(|name| format!("('{name}', '{}'::uuid)", uuid(Server::id_of(name).as_bytes()))).collect();
    let router = Task::Router.id();
    database.sql(&format!(
        "CREATE TABLE witness_servers (name text PRIMARY KEY, id uuid NOT NULL);
         INSERT INTO witness_servers (name, id) VALUES {servers};
         CREATE TABLE witness_leases
             (nth bigserial, at bigint, task uuid, holder text, stolen boolean);
         CREATE TABLE witness_unfenced (at bigint, task uuid, writer text, what text);

         CREATE FUNCTION witness_json(data bytea) RETURNS jsonb LANGUAGE sql AS
             $$ SELECT convert_from(data, 'UTF8')::jsonb $$;
         CREATE FUNCTION witness_now() RETURNS bigint LANGUAGE sql AS
             $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

         CREATE FUNCTION witness_lease() RETURNS trigger LANGUAGE plpgsql AS $$
         DECLARE
             was jsonb := '{{}}';
             becomes jsonb := witness_json(NEW.data);
             stolen boolean := false;
         BEGIN
             IF TG_OP = 'UPDATE' THEN was := witness_json(OLD.data); END IF;
             IF becomes->'holder' IS NOT NULL AND was->'epoch' IS NOT NULL AND was->'holder' IS DISTINCT FROM becomes->'holder' THEN
                 stolen := (becomes->>'epoch')::bigint <= (was->>'epoch')::bigint OR EXISTS (
                     SELECT FROM servers s
                     WHERE s.id = (was->'holder'->>'server')::uuid
                         AND witness_json(s.data)->>'run' = was->'holder'->>'run'
                         AND (witness_json(s.data)->>'until')::bigint > witness_now());
             END IF;
             INSERT INTO witness_leases (at, task, holder, stolen)
                 VALUES (witness_now(), NEW.id, becomes->'holder'->>'server' || ' ' || (becomes->'holder'->>'run'), stolen);
             RETURN NULL;
         END $$;
         CREATE TRIGGER witness AFTER INSERT OR UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION witness_lease();

         CREATE FUNCTION witness_write(task_id uuid, what text) RETURNS void LANGUAGE sql AS $$
             INSERT INTO witness_unfenced (at, task, writer, what)
             SELECT witness_now(), task_id, w.name, what FROM witness_servers w
             WHERE w.name = current_setting('application_name') AND NOT EXISTS (
                 SELECT FROM leases l WHERE l.id = task_id
                     AND (witness_json(l.data)->'holder'->>'server')::uuid = w.id) $$;
         CREATE FUNCTION witness_pulse() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM witness_write(NEW.id, 'pulse'); RETURN NULL; END $$;
         CREATE FUNCTION witness_arrival() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM witness_write(NEW.source, 'arrival'); RETURN NULL; END $$;
         CREATE FUNCTION witness_route() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM witness_write('{router}', 'route'); RETURN NULL; END $$;
         CREATE TRIGGER witness AFTER INSERT OR UPDATE ON pulses FOR EACH ROW EXECUTE FUNCTION witness_pulse();
         CREATE TRIGGER witness_new AFTER INSERT ON arrivals FOR EACH ROW EXECUTE FUNCTION witness_arrival();
         CREATE TRIGGER witness AFTER UPDATE ON arrivals FOR EACH ROW EXECUTE FUNCTION witness_route();",
        servers = servers.join(", "),
    ));
}

/// What it saw, of servers that were not there at these times.
pub fn ask(database: &Database, absences: &[Absence]) -> Witness {
    let number = |sql: &str| database.sql(sql).trim().parse::<u64>().unwrap();
    let rows = database.sql("SELECT at, task, coalesce(holder, '') FROM witness_leases ORDER BY nth");
    let steps: Vec<Step> = rows.lines().map(step).collect();
    let mut witness = Witness {
        taken: number("SELECT count(*) FROM witness_leases WHERE holder IS NOT NULL"),
        stolen: number("SELECT count(*) FROM witness_leases WHERE stolen"),
        unfenced: number("SELECT count(*) FROM witness_unfenced"),
        ..Witness::default()
    };
    for Absence { server, from, until } in absences {
        let id = uuid(Server::id_of(NAMES[*server]).as_bytes());
        let mut held: BTreeMap<&str, &str> = BTreeMap::new();
        for step in steps.iter().filter(|step| step.at <= *from) {
            held.insert(&step.task, &step.holder);
        }
        for (task, holder) in held.into_iter().filter(|(_, holder)| holder.starts_with(&id)) {
            let next = steps.iter().find(|it| it.at > *from && it.task == task && it.holder != holder);
            match (next, until) {
                // It was back before anybody took over: what happens to the task later has another reason.
                (Some(next), Some(until)) if next.at > *until => {}
                (Some(next), _) => {
                    witness.followed += 1;
                    witness.longest = witness.longest.max(next.at.since(*from));
                }
                (None, Some(_)) => {}
                (None, None) => witness.left_undone += 1,
            }
        }
    }
    witness
}

fn step(row: &str) -> Step {
    let mut columns = row.splitn(3, '|').map(str::to_owned);
    let at = Timestamp::from_millis(columns.next().unwrap().parse().unwrap());
    Step { at, task: columns.next().unwrap(), holder: columns.next().unwrap() }
}

/// As PostgreSQL writes it.
fn uuid(bytes: &[u8]) -> String {
    let hex = data_encoding::HEXLOWER.encode(bytes);
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    parts.join("-")
}
