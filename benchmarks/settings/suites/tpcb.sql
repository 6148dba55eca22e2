-- The transaction of TPC-B as pgbench runs it; the row of the history carries random bytes, which no method compresses.
\set aid random(1, 100000 * :scale)
\set bid random(1, :scale)
\set tid random(1, 10 * :scale)
\set delta random(-5000, 5000)
BEGIN;
UPDATE accounts SET balance = balance + :delta WHERE aid = :aid;
SELECT balance FROM accounts WHERE aid = :aid;
UPDATE tellers SET balance = balance + :delta WHERE tid = :tid;
UPDATE branches SET balance = balance + :delta WHERE bid = :bid;
INSERT INTO history (tid, bid, aid, delta, mtime, payload)
VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP, uuid_send(gen_random_uuid()));
END;
