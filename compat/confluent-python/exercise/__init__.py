"""What the suites written for Python share; no Kafka client is imported here."""
