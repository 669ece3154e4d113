"""Runs a command at a terminal of its own, then reads on from that terminal, as a shell would: what comes
was typed by the command and nobody else. It goes to the file named first."""

import pty
import sys

typed, command = sys.argv[1], sys.argv[2:]
READ_ON = 'typed=$1; shift; "$@"; status=$?; read -r -t 1 line && printf %s "$line" > "$typed"; exit $status'
sys.exit(pty.spawn(["bash", "-c", READ_ON, "bash", typed, *command]) >> 8)
