def crispness(reconstructed, original):
    def energy(x):
        total = 0.0
        for picture in x.tolist():
            for i, row in enumerate(picture):
                for j, value in enumerate(row):
                    total += (row[j + 1] - value) ** 2 if j + 1 < len(row) else 0
                    total += (picture[i + 1][j] - value) ** 2 if i + 1 < len(picture) else 0
        return total

    return energy(reconstructed) / energy(original)
