"""What drafts of mandates would have decided: orders of the last days, judged again as things stood when they came."""

from remit.whatif.again import Flip, WhatIf, WhatIfRefused, what_if

__all__ = ["Flip", "WhatIf", "WhatIfRefused", "what_if"]
