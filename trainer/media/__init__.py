"""Pictures of what an agent does: recorded episodes and their posters."""
