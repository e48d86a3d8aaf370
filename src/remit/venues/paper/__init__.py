"""The paper venue: a real exchange of orders without real money, behind the same seam as every other venue."""
