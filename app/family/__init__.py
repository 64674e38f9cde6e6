"""What a family sees and answers, by a link that expires, without an account."""
