"""The Model Context Protocol, as far as a cell needs it: tools of servers that a file names."""
