"""Who we talk to: LM Studio, the embedded engine, a fake."""
