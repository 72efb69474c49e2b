"""Two-way SMS between ClickSend and the extensions of a PBX: the rules, and what they need of AWS and ClickSend."""
