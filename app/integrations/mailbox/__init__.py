"""Mail in and out: raw bytes become a ParsedMail, an OutgoingMail becomes raw bytes, a driver carries them."""
