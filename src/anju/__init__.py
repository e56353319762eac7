"""Anju (安居): safety of residential communities and supervision of property-service companies."""
