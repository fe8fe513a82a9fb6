-- Clears the way for the tables of version 5 in a database of version 3. Those that are the same in both stay.

DROP VIEW position;
DROP VIEW battery;
DROP VIEW latest;
DROP VIEW readings;
DROP VIEW decoded;
ALTER TABLE reading RENAME TO reading_3;
DROP TABLE newest;
