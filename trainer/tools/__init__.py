"""What is done with a trained policy afterwards: measure it, take it elsewhere, film it, clear up behind it."""
