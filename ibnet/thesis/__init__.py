"""The thesis: its figures and claims, reproduced from new trainings.

N. L. Rasmussen, "Information Bottleneck for Deep Learning: Theory and Experiments", BSc thesis,
University of Copenhagen. It replicates Shwartz-Ziv & Tishby (arXiv:1703.00810) and Saxe et al.
(doi:10.1088/1742-5468/ab3985) with the adaptive binning of Chelombiev et al. (arXiv:1902.09037).

`report.py` runs the whole study and `page.py` writes its page; `figures.py` has the figures, and
`claims/` has the claims by number.
The settings of the thesis are in `mibench.ibnet.settings`.
"""
