"""Rules: measurements, the table that judges them, and the machine that turns the table into one evaluator."""
