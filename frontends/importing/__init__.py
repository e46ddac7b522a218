"""What importers of model languages share: safe XML, expressions, quantities, text of models."""
