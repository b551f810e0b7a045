      * Money, as all programs see it.
       05  :A:-AMOUNT.
           10  :A:-WHOLE        PIC 9(7).
           10  MONEY-PART       PIC 99.
       05  MONEY-SIGN           PIC X.
           88  MONEY-OWED       VALUE "-".
