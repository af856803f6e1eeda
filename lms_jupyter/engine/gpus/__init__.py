"""The GPUs of this machine, and who holds their memory."""
