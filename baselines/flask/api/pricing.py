"""What an order costs: the contract's rule, as a pure function."""


def price(lines):
    """Prices lines of `(unit price in cents, quantity)`: subtotal, discount, total, and each line's share of the total."""
    totals = [unit_price * quantity for unit_price, quantity in lines]
    # A line of ten or more units is a tenth cheaper.
    shares = [total - total // 10 if quantity >= 10 else total for total, (_, quantity) in zip(totals, lines)]
    left = sum(shares)
    # A large order is a twentieth cheaper; the lines bear that by what they cost.
    discount = left // 20 if left >= 50_000 else 0
    if discount:
        shares = [share - discount * share // left for share in shares]
        # Rounding leaves some cents over, for the first lines that cost anything.
        over = sum(shares) - (left - discount)
        for index, share in enumerate(shares):
            if over and share:
                shares[index] -= 1
                over -= 1
    subtotal, total = sum(totals), left - discount
    return subtotal, subtotal - total, total, shares
