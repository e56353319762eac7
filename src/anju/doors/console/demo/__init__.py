"""The demo city: an invented layer (演示数据) upon the real places; every loop stands in every state."""
