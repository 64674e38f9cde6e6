"""The loading docks: a folder a vendor, and the only places where a vendor's way of speaking is known."""
