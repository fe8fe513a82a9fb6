-- Clears the way for the tables of version 5 in a database of version 2. Those that are the same in both stay.

DROP VIEW position;
DROP VIEW battery;
DROP VIEW latest;
DROP VIEW readings;
DROP VIEW decoded;
ALTER TABLE reading RENAME TO reading_2;
DROP TABLE newest;
ALTER TABLE source RENAME TO source_2;
