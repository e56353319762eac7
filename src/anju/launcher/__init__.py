"""What `./anju` is made of: the environment, the private database, the processes, the backup.

Standard library only at import time (psycopg is imported where it is used, inside the virtual environment),
and nothing of Django: Django always runs as a child with a prepared environment.
"""


class Stop(Exception):
    """One clear sentence for the person at the keyboard; the launcher prints it and ends with code 2."""
