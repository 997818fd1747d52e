-- Log-likelihoods of the labels to choose from, and of the tokens written: little-endian doubles.
ALTER TABLE completion ADD COLUMN choices BLOB NOT NULL DEFAULT x'';
ALTER TABLE completion ADD COLUMN logprobs BLOB NOT NULL DEFAULT x'';

-- What a metric that is no mean over cases needs of this one: little-endian doubles.
ALTER TABLE score ADD COLUMN parts BLOB NOT NULL DEFAULT x'';
