"""Reports: what the journal says, for people who ask: timelines, tables and files. They read and change nothing."""
