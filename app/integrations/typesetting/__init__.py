"""Letters as tagged PDF (PDF/UA-1), set by Typst on this machine. What a family is called is data, never source."""
