//! Reading where the tensors of a file lie. A file that is damaged or hostile is carried as bytes, with
//! the reason; only input and output that fail are errors.
