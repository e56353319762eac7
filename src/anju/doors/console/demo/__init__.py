"""The demo city: an invented layer (演示数据) upon the real places, so that a stranger sees every loop in every state."""
