"""The shapes of what is sent and answered: msgspec Structs, from which the OpenAPI document is made."""
