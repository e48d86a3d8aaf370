"""The journal as files for others (C2SP tlog-tiles): in a folder, or in a bucket under Object Lock. A process of its
own, which only reads the journal."""
