"""Models behind one protocol: real ones over the wires, and scripted, recorded, mailbox and chaos ones."""
