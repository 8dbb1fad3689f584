"""Singer tap for AlfaCRM."""
