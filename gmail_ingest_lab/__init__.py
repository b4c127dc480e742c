"""What shows and tries the service: demonstration, rehearsal, benchmarks."""
