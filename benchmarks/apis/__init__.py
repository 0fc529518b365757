"""The API side: start-up, memory, and requests per second, against ministack and moto."""
