"""A review in the forms that people and code hosts read."""
