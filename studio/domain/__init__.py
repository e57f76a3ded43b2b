"""The words of the field, as frozen pydantic models; imports nothing else of the studio."""
