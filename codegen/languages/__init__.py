"""Cell models as files of other model languages."""
