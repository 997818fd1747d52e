-- What an answer of a model behind an API cost, by the price that the suite states; NULL where it
-- states none.
ALTER TABLE completion ADD COLUMN cost REAL;
