-- How many characters of the text are written after each token: little-endian 32-bit numbers.
ALTER TABLE completion ADD COLUMN ends BLOB NOT NULL DEFAULT x'';
