"""Prices, trading time, surface, costs and payoffs: arrays in, arrays out."""
