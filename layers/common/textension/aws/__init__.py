"""AWS, and nothing but AWS: the table, the secrets, the doorbells. Speaks the package's types and errors."""
