"""What the house promises in public: privacy, terms, outside services, and whom to ask."""
