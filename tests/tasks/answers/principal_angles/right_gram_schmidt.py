import torch


def principal_angles(A, B):
    def basis(M):
        rows = []
        for row in M:
            for other in rows:
                row = row - (row @ other) * other
            rows.append(row / row.norm())
        return torch.stack(rows)

    return torch.linalg.svdvals(basis(A) @ basis(B).T).clamp(max=1).acos().rad2deg()
