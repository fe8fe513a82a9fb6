-- Clears the way for the tables of version 5 in a database of version 4. Those that are the same in both stay.

DROP VIEW position;
DROP VIEW battery;
DROP VIEW latest;
DROP VIEW readings;
ALTER TABLE series RENAME TO series_4;
ALTER TABLE folded RENAME TO folded_4;
